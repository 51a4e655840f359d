"""Which pairs are kept: rules as pure functions, and pipelines of them."""
