"""Refreshes the price catalogue from AWS's price list, and edits the declared prices of a pack.

``sources`` reads products of the price list, from the API or a bulk offer file; ``refresh``
compares them with the catalogue; ``catalogue_file`` and ``declare`` write.
"""

from mobile_ai.operations.prices.declare import declare_price
from mobile_ai.operations.prices.refresh import Refresh, refresh_prices
from mobile_ai.operations.prices.sources import OfferFile, PriceListApi, ProductSource

__all__ = [
    "OfferFile",
    "PriceListApi",
    "ProductSource",
    "Refresh",
    "declare_price",
    "refresh_prices",
]
