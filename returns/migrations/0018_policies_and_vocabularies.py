import django.db.models.deletion
import retailops.lib.clock
import retailops.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):
    """A policy version's life, vocabularies of reasons, and what other systems call their terms."""

    dependencies = [
        ('returns', '0017_slices_for_vendors'),
    ]

    operations = [
        migrations.CreateModel(
            name='Term',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64)),
                ('label', models.CharField(max_length=80)),
                ('active', models.BooleanField(default=True)),
                ('merchant_fault', models.BooleanField(default=False)),
                ('sort', models.PositiveIntegerField(default=0)),
                ('since', models.PositiveIntegerField(default=1)),
                ('retired_in', models.PositiveIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ['sort', 'code'],
            },
        ),
        migrations.CreateModel(
            name='Vocabulary',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=40, unique=True)),
                ('label', models.CharField(max_length=80)),
                ('about', models.CharField(blank=True, default='', max_length=200)),
                ('version', models.PositiveIntegerField(default=1)),
                ('sort', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'vocabularies',
                'ordering': ['sort', 'code'],
            },
        ),
        migrations.CreateModel(
            name='VocabularyMapping',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('connection', models.CharField(max_length=64)),
                ('external_code', models.CharField(max_length=200)),
                ('version', models.PositiveIntegerField(default=0)),
                ('times', models.PositiveIntegerField(default=0)),
                ('first_seen_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('last_seen_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('mapped_by', models.CharField(blank=True, default='', max_length=120)),
                ('mapped_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name='returnpolicy',
            options={'verbose_name': 'policy', 'verbose_name_plural': 'return policies'},
        ),
        migrations.RemoveConstraint(
            model_name='returnpolicy',
            name='policy_status_is_known',
        ),
        migrations.AddField(
            model_name='refund',
            name='reason_code',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='return',
            name='decision_code',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='returnpolicy',
            name='activated_by',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
        migrations.AddField(
            model_name='returnpolicy',
            name='approved_by',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
        migrations.AddField(
            model_name='returnpolicy',
            name='based_on',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.AddField(
            model_name='returnpolicy',
            name='edited_by',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
        migrations.AddField(
            model_name='returnpolicy',
            name='reason',
            field=models.CharField(blank=True, default='', max_length=300),
        ),
        migrations.AddField(
            model_name='returnpolicy',
            name='revision',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='returnpolicy',
            name='rollout',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterField(
            model_name='returnpolicy',
            name='status',
            field=models.CharField(choices=[('draft', 'Draft'), ('submitted', 'Waits for approval'), ('approved', 'Approved, not active'), ('active', 'Active'), ('retired', 'Retired')], default='draft', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='returnpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'submitted', 'approved', 'active', 'retired'])), name='policy_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='returnpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('effective_to__isnull', True), ('effective_to__gte', models.F('effective_from')), _connector='OR'), name='policy_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='returnpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', ''), models.Q(models.Q(('approved_by', models.F('edited_by')), _negated=True), models.Q(('approved_by', models.F('created_by')), _negated=True)), _connector='OR'), name='policy_approver_is_not_its_author'),
        ),
        migrations.AddField(
            model_name='term',
            name='vocabulary',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='returns.vocabulary'),
        ),
        migrations.AddField(
            model_name='vocabularymapping',
            name='term',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mappings', to='returns.term'),
        ),
        migrations.AddField(
            model_name='vocabularymapping',
            name='vocabulary',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mappings', to='returns.vocabulary'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(fields=('vocabulary', 'code'), name='one_term_a_code'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('active', True), ('retired_in__isnull', True)), models.Q(('active', False), ('retired_in__isnull', False)), _connector='OR'), name='retired_term_names_its_version'),
        ),
        migrations.AddConstraint(
            model_name='vocabularymapping',
            constraint=models.UniqueConstraint(fields=('connection', 'vocabulary', 'external_code'), name='one_meaning_a_connection_and_code'),
        ),
    ]
