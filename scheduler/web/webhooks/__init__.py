"""Facts that come in by webhooks: each kind of sender has an adapter, a file of its own that `routes` lists."""
