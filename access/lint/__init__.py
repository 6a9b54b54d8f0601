"""The deployed policies, and what IAM Access Analyzer has to say about them."""
