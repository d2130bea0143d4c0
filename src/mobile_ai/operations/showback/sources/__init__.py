"""Sources of a month's charges: AWS Cost Explorer, or an export of AWS Data Exports in S3.

Both end as one FOCUS file, which the showback and the gate's ``--actuals`` read: however charges
were obtained, there is one way for them to flow.
"""
