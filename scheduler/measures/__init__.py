"""Whether it works: figures by month and campaign, each with its formula, denominator, window and count."""
