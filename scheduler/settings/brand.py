"""Who speaks."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints

from scheduler.settings.group import Group, WebAddress

PageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Brand(Group):
    """Who speaks: what messages and pages say of the business."""

    name: str = Field("Our shop", min_length=1, description="the name customers know")
    colour: str = Field("#2455c3", pattern=r"^#[0-9a-fA-F]{6}$", description="of buttons and links, like #2455c3")
    address: str = Field("", description="the postal address in the footer; many laws want one")
    language: str = Field("en", pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", description="where none is known")
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="of amounts that name none")
    base_url: WebAddress = Field("http://localhost:8000", description="where `rightreason serve` can be reached")
    review_url: WebAddress | None = Field(None, description="where customers write a review")
    refer_url: WebAddress | None = Field(None, description="where customers recommend us")
    shop_url: WebAddress | None = Field(None, description="the shop")
    pages: dict[PageName, WebAddress] = Field(default_factory=dict, description="where `links.page(NAME)` leads")

    @property
    def on_colour(self) -> str:
        """Black or white, whichever reads better on `colour`."""
        return "#ffffff" if _luminance(self.colour) < 0.179 else "#000000"

    @property
    def link_colour(self) -> str:
        """`colour` where it can be read on white (a contrast of 4.5, WCAG 2), or else that of text."""
        return self.colour if 1.05 / (_luminance(self.colour) + 0.05) >= 4.5 else "#1f2933"


@lru_cache(maxsize=64)
def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2); every message asks for that of its brand's colour."""
    channels = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
