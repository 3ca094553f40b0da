"""Telling people: subscriptions, alerts, and the outbox that delivers them."""
