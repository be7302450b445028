"""Templates become messages."""
