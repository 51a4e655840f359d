"""Whether a method does what it says: the checks of this package's own methods, for yours.

>>> from tabular_pg import NaturalPG
>>> from tabular_pg.testing import check_method
>>> print(check_method(NaturalPG(1.0), monotone=True).skipped["twin"])
no twin was given: nothing but its own kernel says what a step is
"""

from tabular_pg.testing.method import Report, check_method
from tabular_pg.testing.situation import Situation, situation

__all__ = ["Report", "Situation", "check_method", "situation"]
