"""The catalogues, and how they are brought up to the messages in the source.

`python -m app.translations` adds what is new (with an empty translation), takes out what is gone,
and says how much is to be translated.
"""
