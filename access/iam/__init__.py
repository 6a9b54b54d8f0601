"""One engine for IAM: policy documents, what they say of a request, and how two sets of them differ."""
