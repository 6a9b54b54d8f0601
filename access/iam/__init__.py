"""IAM engine: parse policy documents, evaluate requests against them, and compare two sets of policies."""
