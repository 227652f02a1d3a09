"""A generic WMS/3PL: notices, arrivals, inspections, placements, stock. Contract: connectors/wms/contract.json."""
