"""The field, as JSON:API 1.1 under /api/v1: one description for each resource, and one machinery for all of them."""
