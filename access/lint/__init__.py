"""Check the deployed policies with IAM Access Analyzer."""
