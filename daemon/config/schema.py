"""The configuration's JSON schema, to which a config.yaml points editors."""

import json

from daemon.config.settings import Settings


def schema_text() -> str:
    """The schema as the text of `config.schema.json`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"
