"""Products of the AWS price list: from the query API, or from a bulk offer file."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.offers import Offer
from mobile_ai.pricing.price import Source

_API_REGION: Final = "us-east-1"  # the price list answers in few regions, for all
_ATTEMPTS: Final = 8
_MAXIMUM_PRODUCTS: Final = 20_000  # of one query; the largest that is asked for has some hundreds
_MAXIMUM_BYTES: Final = 512 * 2**20
_URL: Final = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{}/{}/{}/index.json"

Product = Mapping[str, Any]
"""A product of the price list: ``product`` with its attributes, and ``terms``."""


class ProductSource(Protocol):
    """A source of products of the price list."""

    def covers(self, offer: Offer) -> bool:
        """True if products for a query may be found."""

    def products(self, offer: Offer, region: str) -> list[Product]:
        """Return the products that may match a query in a region."""

    def source(self, offer: Offer, region: str, *, today: str) -> Source:
        """Return the source of a price that was read."""


class PriceListApi:
    """The query API; every query is sent once a run.

    Attributes:
        client: A ``pricing`` client.
    """

    def __init__(self, client: Any = None) -> None:
        """Keep a client; without one, create one with retries."""
        self.client = client or boto3.client(
            "pricing",
            region_name=_API_REGION,
            config=Config(retries={"max_attempts": _ATTEMPTS, "mode": "adaptive"}),
        )
        self._asked = cache(self._ask)

    def covers(self, offer: Offer) -> bool:  # noqa: ARG002
        """Return true: the API answers for every service."""
        return True

    def products(self, offer: Offer, region: str) -> list[Product]:
        """Return the products that the API returns for a query.

        Raises:
            CostError: If it cannot be asked, or returns too many.
        """
        filters = {"regionCode": region, **offer.attributes}
        if offer.family:
            filters["productFamily"] = offer.family
        return self._asked(offer.service, tuple(sorted(filters.items())))

    def source(self, offer: Offer, region: str, *, today: str) -> Source:
        """Return the offer of the service in the region, as of today."""
        url = _URL.format(offer.service, "current", region)
        return Source(url=url, date=today, via="GetProducts of the price list")

    def _ask(self, service: str, filters: tuple[tuple[str, str], ...]) -> list[Product]:
        terms = [{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in filters]
        pages = self.client.get_paginator("get_products")
        try:
            found = list(islice(self._texts(pages, service, terms), _MAXIMUM_PRODUCTS + 1))
        except (ClientError, BotoCoreError) as error:
            raise CostError(
                f"price list {service}",
                got=str(error),
                expected="an answer to GetProducts",
                next_step="log in with a role that has `pricing:GetProducts`, or run `mobile-ai "
                "cost prices refresh --offer FILE`",
            ) from error
        if len(found) > _MAXIMUM_PRODUCTS:
            raise CostError(
                f"price list {service}",
                got=f"more than {_MAXIMUM_PRODUCTS} products for {dict(filters)}",
                expected="a narrower query",
                next_step="give its offer a family in policy-pack/mobile_ai/pricing/offers.py",
            )
        return [json.loads(text) for text in found]

    @staticmethod
    def _texts(pages: Any, service: str, terms: list[dict[str, str]]) -> Iterator[str]:
        for page in pages.paginate(ServiceCode=service, Filters=terms):
            yield from page["PriceList"]


class OfferFile:
    """A bulk offer file of one service, such as ``.../aws/AmazonSNS/current/eu-west-1/index.json``.

    Attributes:
        service: The offer code.
        version: Version of the offer.
        date: Day of its publication.
    """

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            CostError: If it is no bulk offer file in JSON, or too large.
        """
        self._name = path.name
        value = self._read(path)
        products, terms = value.get("products"), value.get("terms")
        texts = [value.get(key) for key in ("offerCode", "version", "publicationDate")]
        whole = isinstance(products, dict) and isinstance(terms, dict)
        if not whole or not all(isinstance(item, str) and item for item in texts):
            raise self._refused(f"keys {sorted(value)[:8]}", "offerCode, version, products, terms")
        self.service, self.version, published = (str(item) for item in texts)
        self.date = published[:10]
        self._products: dict[str, Any] = dict(products or {})
        self._terms: dict[str, Any] = dict((terms or {}).get("OnDemand") or {})

    def covers(self, offer: Offer) -> bool:
        """True if the file is of the query's service."""
        return offer.service == self.service

    def products(self, offer: Offer, region: str) -> list[Product]:  # noqa: ARG002  the offer's file
        """Return the products of a region that have on-demand terms.

        Raises:
            CostError: If a product is malformed.
        """
        try:
            return [
                {"product": product, "terms": {"OnDemand": self._terms[sku]}}
                for sku, product in self._products.items()
                if sku in self._terms and product["attributes"].get("regionCode") == region
            ]
        except (TypeError, KeyError, AttributeError) as error:
            raise self._refused(f"a product without {error}", "products with attributes") from error

    def source(self, offer: Offer, region: str, *, today: str) -> Source:  # noqa: ARG002
        """Return the version of the offer that the file is."""
        url = _URL.format(offer.service, self.version, region)
        return Source(url=url, date=self.date, via=f"bulk offer file, version {self.version}")

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            size = path.stat().st_size
            if size > _MAXIMUM_BYTES:
                raise self._refused(f"{size} bytes", f"at most {_MAXIMUM_BYTES}")
            value = read_json(path.read_text(encoding="utf-8"), name=path.name)
        except (OSError, UnicodeDecodeError) as error:
            raise self._refused(type(error).__name__, "a file that can be read") from error
        except DocumentError as error:
            raise self._refused(error.got, error.expected) from error
        if not isinstance(value, dict):
            raise self._refused(type(value).__name__, "an object")
        return value

    def _refused(self, got: str, expected: str) -> CostError:
        return CostError(
            f"offer file {self._name}",
            got=got,
            expected=expected,
            next_step="download the region's offer file again (docs/cost.md)",
        )
