"""The library of Coq files, and texts for it: what MDPs and claims look like there."""
