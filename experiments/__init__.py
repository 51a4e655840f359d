"""Scripts that draw figures and write tables; ``python -m experiments`` runs them."""
