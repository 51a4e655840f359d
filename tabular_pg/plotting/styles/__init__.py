"""Style sheets of matplotlib, by venue: ``plt.style.use("tabular_pg.plotting.styles.neurips")``."""
