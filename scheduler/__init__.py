"""rightreason: decides when and why a business contacts each of its customers, and does it."""
