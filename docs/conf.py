"""How Sphinx builds the documentation."""

from importlib.metadata import version as installed_version
from pathlib import Path

project = "mintonce"
author = "The mintonce authors"
copyright = f"2026, {author}"  # noqa: A001 - the name that Sphinx reads
version = release = installed_version("mintonce")

extensions = ["myst_parser", "sphinx_design", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"  # single backticks in a docstring are code
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!mintonce\.).*"),  # names of other projects: their inventories are on the network
    ("py:.*", r".*\|.*\[[^]]*"),  # a union that Sphinx cut in two, beside a default it cannot read
]

# Each package in `backends/` has its own README, and each of them is a page here.
STORES = Path(__file__).parent / "stores"
STORES.mkdir(exist_ok=True)
for readme in STORES.parents[1].glob("backends/*/README.md"):
    name = readme.parent.name
    page = f"```{{include}} ../../backends/{name}/README.md\n```\n"
    (STORES / f"{name}.md").write_text(page, encoding="utf-8")

html_theme = "furo"
html_title = "mintonce"
