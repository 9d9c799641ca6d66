"""Any file as a table: CSV of any kind, Excel, Parquet, JSON lines, and gz and zip of them."""
