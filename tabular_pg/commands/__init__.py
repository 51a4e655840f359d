"""The commands of ``tabular-pg``: each a function of what was asked to an ``Answer``.

What takes long to import is imported where it is used, so that ``--help`` and completions do not
wait for it.
"""
