"""What can be reached by the web: facts come in, and customers open the pages that our messages link to."""
