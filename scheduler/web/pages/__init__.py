"""The pages that our messages link to: surveys, preferences, unsubscribing, and links that are followed.

To open a page records nothing, since mail scanners follow every link; only a person's click on a button does. The
signed link is all the authority there is: no login, no cookie, no script.
"""
