"""Slack: the desk by a slash command and by buttons.

Written after Slack's own documentation of request signing, slash commands, `block_actions` payloads and Block Kit
(docs.slack.dev).
"""
