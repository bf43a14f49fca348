"""Bulk background jobs as Kazoo and Piston say them: the envelope, the two error families, CSV in and out."""
