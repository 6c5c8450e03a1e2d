"""Turns source/ into notebooks, a site and marks; no notebook imports it."""
