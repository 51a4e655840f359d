"""How the documentation is built: ``make docs``, or ``sphinx-build -W docs docs/_build/html``."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

import tabular_pg  # noqa: E402

project = "tabular_pg"
author = "the authors of tabular_pg"
copyright = f"2026, {author}"
version = release = tabular_pg.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "commands",
    "theorems",
    "typesetting",
]
exclude_patterns = ["_build", "examples", "sg_execution_times.rst"]
templates_path = ["_templates"]
nitpicky = False

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 3
myst_links_external_new_tab = True
suppress_warnings = ["config.cache"]

if "MATHJAX" in os.environ:  # the address of a copy of tex-mml-chtml.js, to read without a network
    mathjax_path = os.environ["MATHJAX"]

autosummary_generate = True
autodoc_preserve_defaults = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": r"/plot_",
    "image_srcset": ["2x"],
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}
warnings.filterwarnings("ignore", message=".*non-interactive", category=UserWarning)

html_theme = "furo"
html_title = f"tabular_pg {version}"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}
html_copy_source = False
html_show_sourcelink = False


def skip_member(app, what, name, member, skip, options):
    """Fields of NamedTuples are explained by the docstring of the class."""
    doc = getattr(member, "__doc__", None) or ""
    return True if doc.startswith("Alias for field number") else None


def joined_attributes(app, what, name, obj, options, lines):
    """In sections of attributes the words after the colon explain, and go on in the next line."""
    try:
        at = lines.index("Attributes") + 2
    except ValueError:
        return
    end = next((i for i in range(at, len(lines)) if lines[i][:3] == "---"), len(lines) + 1) - 1
    for i in reversed(range(at, min(end, len(lines)))):
        first, colon, text = lines[i].partition(" : ")
        if colon and not first.startswith(" "):
            below = lines[i + 1].strip() if i + 1 < len(lines) else ""
            stop = "." if below[:1].isupper() else ""  # a type, and a sentence of its own
            lines[i : i + 1] = [first, "    " + text + stop]


def escape_bars(app, what, name, obj, options, lines):
    """|A*| in a docstring is an absolute value, and no substitution."""
    for i, line in enumerate(lines):
        parts = line.split("``")
        parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
        if not line.lstrip().startswith((">>>", "+")):
            lines[i] = "``".join(parts)


def setup(app):
    app.connect("autodoc-process-docstring", joined_attributes, priority=400)
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
    app.connect("autodoc-skip-member", skip_member)
