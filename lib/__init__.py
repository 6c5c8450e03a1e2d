"""What the notebooks import: kernels, data, training, checks, plots, live figures."""
