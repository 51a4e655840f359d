"""What a search varies, how it is run, and what it is in fractions."""
