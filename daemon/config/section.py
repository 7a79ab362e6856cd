"""What every mapping of a configuration has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping of the file: exactly these keys, exactly these types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)
