"""Where sessions come from: rules of one's own, or an exchange's calendar."""
