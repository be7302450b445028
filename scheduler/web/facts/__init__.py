"""Facts that come in by HTTP, as Segment's libraries send them."""
