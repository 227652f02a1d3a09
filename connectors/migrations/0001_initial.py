
import connectors.models
import django.contrib.postgres.fields
import django.db.models.deletion
import retailops.lib.clock
import retailops.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('events', '0003_append_only'),
    ]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE connectors_inbox_position", "DROP SEQUENCE connectors_inbox_position"),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('vendor', models.CharField(max_length=40)),
                ('name', models.SlugField(max_length=100, unique=True)),
                ('label', models.CharField(max_length=100)),
                ('config', models.JSONField(default=dict)),
                ('config_version', models.PositiveIntegerField(default=1)),
                ('mapping', models.JSONField(blank=True, default=dict)),
                ('mapping_version', models.PositiveIntegerField(default=1)),
                ('regions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, size=None)),
                ('brands', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('channels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('created_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('destination', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='connection', to='events.destination')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('url', models.URLField(max_length=500)),
                ('description', models.CharField(blank=True, default='', max_length=200)),
                ('types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None)),
                ('regions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, size=None)),
                ('brands', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('secret', models.BinaryField()),
                ('former_secret', models.BinaryField(blank=True, null=True)),
                ('former_until', models.DateTimeField(blank=True, null=True)),
                ('disabled_at', models.DateTimeField(blank=True, null=True)),
                ('disabled_reason', models.CharField(blank=True, default='', max_length=200)),
                ('created_by', models.CharField(blank=True, default='', max_length=120)),
                ('created_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('destination', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='endpoint', to='events.destination')),
            ],
        ),
        migrations.CreateModel(
            name='ConnectionVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('config', models.JSONField(default=dict)),
                ('config_version', models.PositiveIntegerField()),
                ('mapping', models.JSONField(blank=True, default=dict)),
                ('mapping_version', models.PositiveIntegerField()),
                ('scope', models.JSONField(blank=True, default=dict)),
                ('changed_by', models.CharField(max_length=120)),
                ('reason', models.CharField(blank=True, default='', max_length=300)),
                ('changed_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='connectors.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'number'), name='one_version_a_number')],
            },
        ),
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('ciphertext', models.BinaryField()),
                ('former_ciphertext', models.BinaryField(blank=True, null=True)),
                ('former_until', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('updated_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='credentials', to='connectors.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'name'), name='one_secret_a_name')],
            },
        ),
        migrations.CreateModel(
            name='InboxMessage',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(db_default=connectors.models.NextPosition())),
                ('kind', models.CharField(choices=[('webhook', 'Webhook'), ('poll', 'Poll'), ('file', 'File'), ('answer', 'Answer')], max_length=10)),
                ('message_id', models.CharField(max_length=200)),
                ('topic', models.CharField(blank=True, default='', max_length=120)),
                ('lane_key', models.CharField(blank=True, default='', max_length=120)),
                ('body', models.BinaryField()),
                ('body_hash', models.CharField(max_length=64)),
                ('headers', models.JSONField(blank=True, default=dict)),
                ('verified', models.BooleanField(default=False)),
                ('copies', models.PositiveIntegerField(default=0)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('waiting', 'Waiting'), ('done', 'Done'), ('dead', 'Dead')], default='pending', max_length=10)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('wait_until', models.DateTimeField(blank=True, null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('correlation_id', models.UUIDField(blank=True, null=True)),
                ('result', models.JSONField(blank=True, default=dict)),
                ('received_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='inbox', to='connectors.connection')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('status__in', ['pending', 'waiting'])), fields=['next_try_at'], name='inbox_due'), models.Index(condition=models.Q(('status', 'pending')), fields=['connection', 'lane_key', 'position'], name='inbox_lane_pending'), models.Index(fields=['correlation_id'], name='inbox_of_correlation'), models.Index(condition=models.Q(('status', 'dead')), fields=['-id'], name='inbox_dead')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'message_id'), name='message_is_stored_once')],
            },
        ),
    ]
