"""Configuration: one YAML file and the environment in, a checked plan or every problem at once out."""
