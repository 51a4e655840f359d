"""How a run happens: what is a method, what is checked, the loops and what they leave."""
