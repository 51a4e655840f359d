"""Figures of other papers, made anew with exact runs: one paper, one script, one figure."""
