"""Claims about policy gradient methods: one claim, one script, one figure."""
