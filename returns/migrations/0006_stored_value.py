
import django.db.models.deletion
import retailops.lib.clock
import retailops.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0001_initial'),
        ('returns', '0005_imports'),
    ]

    operations = [
        migrations.CreateModel(
            name='ObservedRefund',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('external_id', models.CharField(max_length=160)),
                ('amount', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('observed_at', models.DateTimeField()),
                ('actor', models.CharField(max_length=120)),
                ('recorded_at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='StoredAccount',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('store_credit', 'Store credit'), ('gift_card', 'Gift card')], max_length=12)),
                ('status', models.CharField(choices=[('active', 'Active'), ('expired', 'Expired'), ('void', 'Void')], default='active', max_length=8)),
                ('region', models.CharField(max_length=32)),
                ('brand', models.CharField(blank=True, default='', max_length=64)),
                ('currency', models.CharField(max_length=3)),
                ('balance', models.BigIntegerField(default=0)),
                ('booked', models.PositiveIntegerField(default=0)),
                ('code_hash', models.CharField(blank=True, default='', max_length=64)),
                ('last_four', models.CharField(blank=True, default='', max_length=4)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('correlation_id', models.UUIDField(default=retailops.lib.ids.uuid7)),
                ('opened_by', models.CharField(max_length=120)),
                ('opened_at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
            options={
                'verbose_name': 'account',
            },
        ),
        migrations.CreateModel(
            name='StoredEntry',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('issue', 'Issued'), ('bonus', 'Bonus'), ('redeem', 'Redeemed'), ('restore', 'Restored'), ('void', 'Taken back'), ('expire', 'Expired')], max_length=8)),
                ('amount', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('balance_after', models.BigIntegerField()),
                ('effect_key', models.CharField(max_length=200, unique=True)),
                ('reference', models.CharField(blank=True, default='', max_length=120)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('actor', models.CharField(max_length=120)),
                ('at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
            options={
                'ordering': ['account_id', 'number'],
            },
        ),
        migrations.AddField(
            model_name='refund',
            name='bonus',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='refund',
            name='destination',
            field=models.CharField(choices=[('tender', 'Tender'), ('store_credit', 'Store credit'), ('gift_card', 'Gift card')], default='tender', max_length=12),
        ),
        migrations.AlterField(
            model_name='refundcomponent',
            name='kind',
            field=models.CharField(choices=[('item', 'Item'), ('tax', 'Tax'), ('shipping', 'Shipping'), ('shipping_tax', 'Tax on shipping'), ('duty', 'Duty'), ('restocking_fee', 'Restocking fee'), ('label_fee', 'Return label'), ('manual', 'Manual amount'), ('bonus', 'Bonus')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('bonus', 0), models.Q(('bonus__gt', 0), models.Q(('destination', 'tender'), _negated=True)), _connector='OR'), name='bonus_is_stored_value'),
        ),
        migrations.AddField(
            model_name='observedrefund',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='observed_refunds', to='returns.payment'),
        ),
        migrations.AddField(
            model_name='observedrefund',
            name='refund',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='observation', to='returns.refund'),
        ),
        migrations.AddField(
            model_name='storedaccount',
            name='customer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stored_accounts', to='returns.customer'),
        ),
        migrations.AddField(
            model_name='storedaccount',
            name='order',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stored_accounts', to='returns.order'),
        ),
        migrations.AddField(
            model_name='storedaccount',
            name='rma',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stored_accounts', to='returns.return'),
        ),
        migrations.AddField(
            model_name='storedentry',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='returns.storedaccount'),
        ),
        migrations.AddField(
            model_name='storedentry',
            name='refund',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stored_entries', to='returns.refund'),
        ),
        migrations.AddField(
            model_name='storedentry',
            name='reverses',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='returns.storedentry'),
        ),
        migrations.AddConstraint(
            model_name='observedrefund',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='observed_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='observedrefund',
            constraint=models.UniqueConstraint(fields=('payment', 'external_id'), name='one_observation_an_id'),
        ),
        migrations.AddIndex(
            model_name='storedaccount',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('status', 'active')), fields=['expires_at'], name='stored_expiry'),
        ),
        migrations.AddConstraint(
            model_name='storedaccount',
            constraint=models.CheckConstraint(condition=models.Q(('balance__gte', 0)), name='stored_value_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='storedaccount',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['active', 'expired', 'void'])), name='stored_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='storedaccount',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['store_credit', 'gift_card'])), name='stored_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='storedaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('customer__isnull', False), ('kind', 'store_credit'), ('status', 'active')), fields=('customer', 'currency', 'region', 'brand'), name='one_store_credit_a_customer'),
        ),
        migrations.AddConstraint(
            model_name='storedaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('customer__isnull', True), ('kind', 'store_credit'), ('status', 'active')), fields=('order', 'currency'), name='one_store_credit_an_order'),
        ),
        migrations.AddConstraint(
            model_name='storedaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'gift_card'), ('status', 'active')), fields=('rma',), name='one_gift_card_a_return'),
        ),
        migrations.AddConstraint(
            model_name='storedaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('code_hash', ''), _negated=True), fields=('code_hash',), name='one_card_a_code'),
        ),
        migrations.AddIndex(
            model_name='storedentry',
            index=models.Index(condition=models.Q(('reference', ''), _negated=True), fields=['reference'], name='stored_entry_reference'),
        ),
        migrations.AddConstraint(
            model_name='storedentry',
            constraint=models.UniqueConstraint(fields=('account', 'number'), name='one_entry_a_number'),
        ),
        migrations.AddConstraint(
            model_name='storedentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='entry_moves_something'),
        ),
        migrations.AddConstraint(
            model_name='storedentry',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['issue', 'bonus', 'redeem', 'restore', 'void', 'expire'])), name='entry_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='storedentry',
            constraint=models.CheckConstraint(condition=models.Q(('balance_after__gte', 0)), name='entry_leaves_no_debt'),
        ),
    ]
