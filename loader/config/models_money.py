"""Settings of orders, campaigns and attribution."""

from typing import Literal

OrderValue = Literal["total", "revenue"]
