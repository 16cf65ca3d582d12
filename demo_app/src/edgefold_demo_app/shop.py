"""The reducer spec of the shop: one event, and what of it the model is told."""

from __future__ import annotations

from datetime import date

import edgefold_reducer as ef

BEGINS = date(1997, 1, 1)
OPENS = date(1998, 7, 1)
"""The page's calendar starts on the day after the real purchases end."""

# `record` names what was bought. No feature reads it, so it never leaves the device; the history does not have it.
order = ef.event("order", cds=ef.integer(), amount=ef.decimal(2), record=ef.string(64, optional=True))

spec = ef.Spec(
    "repurchase",
    events=[order],
    features={
        "orders": ef.count(order),
        "orders_30d": ef.count(order, within=ef.days(30)),
        "orders_90d": ef.count(order, within=ef.days(90)),
        "orders_180d": ef.count(order, within=ef.days(180)),
        "large_orders": ef.count(order, where=order.cds >= 3),
        "cds": ef.total(order.cds),
        "spent": ef.total(order.amount),
        "spent_90d": ef.total(order.amount, within=ef.days(90)),
        "amount_mean": ef.mean(order.amount),
        "amount_minimum": ef.minimum(order.amount),
        "amount_maximum": ef.maximum(order.amount),
        "amount_first": ef.first(order.amount),
        "amount_last": ef.last(order.amount),
        "order_sizes": ef.distinct(order.cds, cap=16),
        "days_since_first": ef.time_since_first(order, unit=ef.days(1)),
        "days_since_last": ef.time_since_last(order, unit=ef.days(1)),
        "days_per_order": ef.ratio(ef.time_since_first(order, unit=ef.days(1)), ef.count(order)),
        "share_180d": ef.ratio(ef.count(order, within=ef.days(180)), ef.count(order)),
    },
    triggers=[order],
)
