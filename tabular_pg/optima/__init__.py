"""What is optimal: values, advantages and actions, to twice the digits where that decides."""
