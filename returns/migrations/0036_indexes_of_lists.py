from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What lists and Today count, read from narrow copies of what is under way; built while the table is in use."""

    atomic = False
    dependencies = [
        ("returns", "0035_flow_counted"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('status__in', ['requested', 'in_review'])), fields=['-id', 'region', 'channel'], include=("brand", "status"), name='return_to_decide'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('logistics__in', ['none', 'in_transit']), ("status", "authorized")), fields=['-id', 'region', 'channel'], include=('brand', 'status', 'logistics'), name='return_coming'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('inspection__in', ['pending', 'partial'])), fields=['-id', 'region', 'channel'], include=('brand', 'status', 'inspection'), name='return_inspecting'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('money__in', ['pending', 'partial'])), fields=['-id', 'region', 'channel'], include=('brand', 'status', 'money'), name='return_paying'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('open_cases__gt', 0), ("money", "attention"), _connector='OR'), fields=['-id', 'region', 'channel'], include=('brand', 'status', 'money', 'open_cases'), name='return_in_trouble'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('stock__in', ['pending', 'partial'])), fields=['-id', 'region', 'channel'], include=('brand', 'status', 'stock'), name='return_placing'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('erp__in', ['queued', 'rejected'])), fields=['-id', 'region', 'channel'], include=('brand', 'status', 'erp'), name='return_posting'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('status__in', ['requested', 'in_review', 'authorized'])), fields=['-id', 'region', 'channel'], include=("brand", "status"), name='return_open'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(('status__in', ['requested', 'in_review', 'authorized'])), fields=['requested_at'], name='return_open_oldest'),
        ),
        AddIndexConcurrently(
            model_name='return',
            index=models.Index(condition=models.Q(("status", "closed")), fields=['-id', 'region'], include=('brand',), name='return_closed'),
        ),
    ]
