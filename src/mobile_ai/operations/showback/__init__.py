"""Showback: allocates a month's bill to owners by measured usage, exactly.

``read_bill`` reads charges from FOCUS files, ``allocate`` splits each between owners, ``Showback``
sums them for a report. Pure except for reading; amounts are ``Decimal`` and the parts sum to the
bill. Charges that no measurement can split are shown as unallocated, with the reason.
"""
