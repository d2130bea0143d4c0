"""Queries over events: one text each, for DuckDB locally and Athena in the cloud.

Each is written in DuckDB's SQL; `athena` translates it with sqlglot. Only unnesting a histogram
differs, for speed: a query contains ``{spread}`` and each engine gets its own form. Both forms run
on DuckDB, and a test compares their results.

``events`` is the compacted table: an event's columns, ``channel``, ``hour`` (of ``predicted_at``
or ``occurred_at``, as YYYY-MM-DDTHH) and ``share``.
"""

from types import MappingProxyType
from typing import Final

import sqlglot

from mobile_ai.operations.telemetry.tables import SCHEMA

CAP: Final = 1000
"""Maximum weight of a device's event, in inferences: limits the influence of forged counts."""
SCALES: Final = MappingProxyType({"latency_ms": 0.05, "energy_mj": 0.001, "memory_mb": 1.0})
"""Lower edge of the first of 64 bins, each a quarter of an octave (a factor of 2**0.25) wide."""

# Nullable grouping columns are replaced by '', so that partials can be compared.
_KEYS: Final = """
  hour, app, model, version, COALESCE(ring, '') AS ring, channel, COALESCE("group", '') AS "group"
"""
_BY_KEYS: Final = "GROUP BY 1, 2, 3, 4, 5, 6, 7"
_SPREAD_DUCKDB: Final = """(
  SELECT *, UNNEST({column}) AS n, GENERATE_SUBSCRIPTS({column}, 1) AS bin
  FROM events WHERE {column} IS NOT NULL)"""
_SPREAD_ATHENA: Final = "events CROSS JOIN UNNEST({column}) WITH ORDINALITY AS u(n, bin)"

COMPACTED: Final = f"""
SELECT {", ".join(f'"{name}"' for name in SCHEMA.names)},
  SUBSTR(COALESCE(predicted_at, occurred_at), 1, 13) AS hour,
  CASE WHEN channel = 'site' THEN 1.0
    ELSE LEAST(1.0, {CAP}.0 / GREATEST(1, COALESCE(LIST_SUM(histogram), 0), COALESCE(count, 1)))
    END AS share
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY channel DESC, file) AS occurrence
  FROM raw)
WHERE occurrence = 1
ORDER BY app, model, version, ring, kind, hour
"""  # noqa: S608  names of our own
"""SQL of a day's table: each event once, sorted."""

_COUNTS: Final = f"""
SELECT {_KEYS}, kind, COALESCE(outcome, '') AS outcome, target,
  COUNT(*) AS events,
  SUM(COALESCE(count, 1) * share) AS n,
  SUM(COALESCE(count, 1)) AS stated,
  SUM(COALESCE(bytes, 0)) AS bytes
FROM events
{_BY_KEYS}, 8, 9, 10
"""  # noqa: S608

_BINS: Final = f"""
SELECT {_KEYS},
  CASE kind WHEN 'inference' THEN 'prediction' WHEN 'label' THEN 'label' ELSE feature END AS series,
  bin, SUM(n * share) AS n
FROM {{spread:histogram}}
WHERE kind IN ('inference', 'label', 'drift')
{_BY_KEYS}, 8, 9
UNION ALL
SELECT {_KEYS}, 'hit' AS series, bin, SUM(n * share) AS n
FROM {{spread:hits}}
WHERE kind = 'label'
{_BY_KEYS}, 8, 9
"""  # noqa: S608


def _amount(name: str) -> str:
    lowest = SCALES[name]
    place = f"FLOOR(4 * LOG2(GREATEST({name}, {lowest}) / {lowest}))"
    return f"""
SELECT {_KEYS}, '{name.partition("_")[0]}' AS series,
  1 + LEAST(63, CAST({place} AS INTEGER)) AS bin, CAST(COUNT(*) AS DOUBLE) AS n
FROM events
WHERE kind = 'inference' AND {name} IS NOT NULL
{_BY_KEYS}, 8, 9
"""  # noqa: S608


_SHOWBACK: Final = """
SELECT SUBSTR(hour, 1, 7) AS month, app, model, version, COALESCE(ring, '') AS ring, target,
  COUNT(*) AS events,
  SUM(COALESCE(bytes, 0)) AS bytes,
  SUM(CASE WHEN kind = 'inference' THEN COALESCE(count, 1) ELSE 0 END) AS inferences,
  SUM(CASE WHEN kind = 'update' AND outcome = 'installed' THEN 1 ELSE 0 END) AS updates,
  SUM(CASE WHEN kind = 'active' THEN 1 ELSE 0 END) AS active_devices,
  AVG(latency_ms) AS latency_ms,
  SUM(energy_mj * COALESCE(count, 1)) AS energy_mj
FROM events
GROUP BY 1, 2, 3, 4, 5, 6
"""

QUERIES: Final = MappingProxyType(
    {
        "counts": _COUNTS,
        "bins": "UNION ALL".join([_BINS, *map(_amount, SCALES)]),
        "showback": _SHOWBACK,
    }
)
"""Queries over ``events``. `COMPACTED` runs over ``raw``, on DuckDB only."""


def duckdb_form(query: str) -> str:
    """Return a query in DuckDB's form."""
    return _spread(query, _SPREAD_DUCKDB)


def athena(query: str) -> str:
    """Return a query in Athena's form (engine version 3, Trino's SQL)."""
    return str(sqlglot.transpile(_portable(query), read="duckdb", write="athena", pretty=True)[0])


def _portable(query: str) -> str:
    """Return the form that both engines accept; it is slow on DuckDB."""
    return _spread(query, _SPREAD_ATHENA)


def _spread(query: str, form: str) -> str:
    for column in ("histogram", "hits"):
        query = query.replace(f"{{spread:{column}}}", form.format(column=column))
    return query
