"""Coq files of the package, and exports of verdicts that Coq checks by itself."""
