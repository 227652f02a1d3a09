import django.db.models.deletion
import django.db.models.expressions
import retailops.lib.clock
import retailops.lib.ids
import returns.models.claims
from django.db import migrations, models


class Migration(migrations.Migration):
    """Supplier claims, fraud reviews, warranty assessments; counters of units that warranty settles."""

    dependencies = [
        ('cases', '0001_initial'),
        ('inventory', '0003_legal_transitions'),
        ('returns', '0013_exchange_guards'),
    ]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE returns_claim_number AS bigint", "DROP SEQUENCE returns_claim_number"),
        migrations.CreateModel(
            name='ClaimCredit',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=120)),
                ('amount', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('actor', models.CharField(max_length=120)),
                ('at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='ClaimLine',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('line_no', models.PositiveIntegerField()),
                ('sku', models.CharField(max_length=64)),
                ('disposition', models.CharField(choices=[('external', 'External'), ('in_transit', 'In Transit'), ('received', 'Received'), ('pending_inspection', 'Pending Inspection'), ('quarantine', 'Quarantine'), ('sellable', 'Sellable'), ('damaged', 'Damaged'), ('refurbish', 'Refurbish'), ('repair', 'Repair'), ('return_to_vendor', 'Return To Vendor'), ('liquidate', 'Liquidate'), ('recycle', 'Recycle'), ('donate', 'Donate'), ('scrap', 'Scrap'), ('keep_it', 'Keep It'), ('return_to_customer', 'Return To Customer'), ('missing', 'Missing'), ('adjustment', 'Adjustment')], max_length=20)),
                ('quantity', models.PositiveIntegerField()),
                ('unit_cost', models.BigIntegerField()),
                ('live', models.BooleanField(default=True)),
                ('sent', models.PositiveIntegerField(default=0)),
                ('came_back', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['line_no'],
            },
        ),
        migrations.CreateModel(
            name='FraudReview',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('proposal', models.UUIDField(blank=True, null=True)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('cleared', 'Cleared'), ('blocked', 'Blocked'), ('withdrawn', 'Withdrawn')], default='pending', max_length=10)),
                ('findings', models.JSONField(default=list)),
                ('held', models.JSONField(blank=True, default=dict)),
                ('amount', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('policy_version', models.CharField(blank=True, default='', max_length=40)),
                ('requested_by', models.CharField(max_length=120)),
                ('opened_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('expires_at', models.DateTimeField()),
                ('overdue_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=120)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('provider', models.CharField(blank=True, default='', max_length=64)),
                ('provider_reference', models.CharField(blank=True, default='', max_length=160)),
                ('score', models.CharField(blank=True, default='', max_length=20)),
            ],
            options={
                'verbose_name': 'fraud review',
            },
        ),
        migrations.CreateModel(
            name='Supplier',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=150)),
                ('takes_back', models.BooleanField(default=True)),
                ('restocking_percent', models.DecimalField(decimal_places=2, default=0, max_digits=5)),
                ('claim_window_days', models.PositiveIntegerField(default=0)),
                ('credit_days', models.PositiveIntegerField(default=30)),
                ('approval_above', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('updated_at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='SupplierClaim',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(db_default=returns.models.claims.ClaimNumber(), max_length=32)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('pending_approval', 'Pending Approval'), ('sent', 'Sent'), ('pending_credit', 'Pending Credit'), ('credited', 'Credited'), ('refused', 'Refused'), ('closed', 'Closed')], default='draft', max_length=16)),
                ('correlation_id', models.UUIDField()),
                ('region', models.CharField(blank=True, default='', max_length=32)),
                ('brand', models.CharField(blank=True, default='', max_length=64)),
                ('channel', models.CharField(blank=True, default='', max_length=64)),
                ('reference', models.CharField(blank=True, default='', max_length=160)),
                ('send_back', models.BooleanField(default=True)),
                ('currency', models.CharField(max_length=3)),
                ('value', models.BigIntegerField()),
                ('deduction', models.BigIntegerField(default=0)),
                ('claimed', models.BigIntegerField()),
                ('credited', models.BigIntegerField(default=0)),
                ('written_off', models.BigIntegerField(default=0)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('difference_reason', models.CharField(blank=True, default='', max_length=200)),
                ('supplier_reference', models.CharField(blank=True, default='', max_length=120)),
                ('tracking', models.CharField(blank=True, default='', max_length=80)),
                ('requested_by', models.CharField(max_length=120)),
                ('approved_by', models.CharField(blank=True, default='', max_length=120)),
                ('drafted_at', models.DateTimeField(default=retailops.lib.clock.now)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('updated_at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
            options={
                'verbose_name': 'claim',
            },
        ),
        migrations.CreateModel(
            name='SupplierSku',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('sku', models.CharField(max_length=64, unique=True)),
                ('supplier_sku', models.CharField(blank=True, default='', max_length=64)),
                ('unit_cost', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('updated_at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='WarrantyAssessment',
            fields=[
                ('id', models.UUIDField(default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('quantity', models.PositiveIntegerField()),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('rejected', 'Rejected')], default='pending', max_length=10)),
                ('remedy', models.CharField(blank=True, choices=[('repair', 'Repair'), ('replace', 'Replace'), ('refund', 'Refund')], default='', max_length=10)),
                ('progress', models.CharField(choices=[('none', 'None'), ('in_repair', 'In Repair'), ('repaired', 'Repaired'), ('to_send_back', 'To Send Back'), ('sent_back', 'Sent Back'), ('replacement_due', 'Replacement Due'), ('replaced', 'Replaced'), ('refunded', 'Refunded')], default='none', max_length=16)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('evidence', models.JSONField(blank=True, default=list)),
                ('assessed_by', models.CharField(blank=True, default='', max_length=120)),
                ('assessed_at', models.DateTimeField(blank=True, null=True)),
                ('tracking', models.CharField(blank=True, default='', max_length=80)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('opened_at', models.DateTimeField(default=retailops.lib.clock.now)),
            ],
            options={
                'verbose_name': 'warranty assessment',
            },
        ),
        migrations.AddField(
            model_name='returnline',
            name='replaced',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='returnline',
            name='sent_back',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='refundcomponent',
            name='kind',
            field=models.CharField(choices=[('item', 'Item'), ('tax', 'Tax'), ('shipping', 'Shipping'), ('shipping_tax', 'Tax on shipping'), ('duty', 'Duty'), ('restocking_fee', 'Restocking fee'), ('label_fee', 'Return label'), ('wear', 'Use before the fault'), ('manual', 'Manual amount')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='returnline',
            constraint=models.CheckConstraint(condition=models.Q(('requested__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('refunded'), '+', models.F('exchanged')), '+', models.F('replaced')), '+', models.F('sent_back')), '-', models.F('over_approved')))), name='unit_settled_once'),
        ),
        migrations.AddField(
            model_name='claimline',
            name='location',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.location'),
        ),
        migrations.AddField(
            model_name='claimline',
            name='slice',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='claim_lines', to='returns.dispositionslice'),
        ),
        migrations.AddField(
            model_name='fraudreview',
            name='rma',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fraud_reviews', to='returns.return'),
        ),
        migrations.AddConstraint(
            model_name='supplier',
            constraint=models.CheckConstraint(condition=models.Q(('restocking_percent__gte', 0), ('restocking_percent__lte', 100)), name='supplier_restocking_percent'),
        ),
        migrations.AddField(
            model_name='claimcredit',
            name='supplier',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='returns.supplier'),
        ),
        migrations.AddField(
            model_name='supplierclaim',
            name='approval',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.approval'),
        ),
        migrations.AddField(
            model_name='supplierclaim',
            name='rma',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='returns.return'),
        ),
        migrations.AddField(
            model_name='supplierclaim',
            name='supplier',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='returns.supplier'),
        ),
        migrations.AddField(
            model_name='claimline',
            name='claim',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='returns.supplierclaim'),
        ),
        migrations.AddField(
            model_name='claimcredit',
            name='claim',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='returns.supplierclaim'),
        ),
        migrations.AddField(
            model_name='suppliersku',
            name='supplier',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='skus', to='returns.supplier'),
        ),
        migrations.AddField(
            model_name='warrantyassessment',
            name='line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to='returns.returnline'),
        ),
        migrations.AddField(
            model_name='warrantyassessment',
            name='rma',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to='returns.return'),
        ),
        migrations.AddField(
            model_name='warrantyassessment',
            name='slice',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assessment', to='returns.dispositionslice'),
        ),
        migrations.AddIndex(
            model_name='fraudreview',
            index=models.Index(fields=['status', '-id'], name='fraud_review_by_status'),
        ),
        migrations.AddIndex(
            model_name='fraudreview',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['expires_at'], name='fraud_review_expiry'),
        ),
        migrations.AddConstraint(
            model_name='fraudreview',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'cleared', 'blocked', 'withdrawn'])), name='fraud_review_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='fraudreview',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'pending'), models.Q(models.Q(('decided_by', ''), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='fraud_review_is_decided_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='fraudreview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'cleared'), _negated=True), models.Q(('decided_by', models.F('requested_by')), _negated=True), _connector='OR'), name='fraud_review_cleared_by_another'),
        ),
        migrations.AddConstraint(
            model_name='fraudreview',
            constraint=models.UniqueConstraint(condition=models.Q(('proposal__isnull', True), ('status', 'pending')), fields=('rma',), name='one_pending_review_a_return'),
        ),
        migrations.AddConstraint(
            model_name='fraudreview',
            constraint=models.UniqueConstraint(condition=models.Q(('proposal__isnull', False)), fields=('proposal',), name='one_review_a_proposal'),
        ),
        migrations.AddIndex(
            model_name='supplierclaim',
            index=models.Index(fields=['status', '-id'], name='claim_by_status'),
        ),
        migrations.AddIndex(
            model_name='supplierclaim',
            index=models.Index(fields=['correlation_id'], name='claim_correlation'),
        ),
        migrations.AddIndex(
            model_name='supplierclaim',
            index=models.Index(condition=models.Q(('status__in', ['sent', 'pending_credit'])), fields=['due_at'], name='claim_credit_due'),
        ),
        migrations.AddConstraint(
            model_name='supplierclaim',
            constraint=models.UniqueConstraint(fields=('number',), name='one_claim_a_number'),
        ),
        migrations.AddConstraint(
            model_name='supplierclaim',
            constraint=models.UniqueConstraint(condition=models.Q(('reference', ''), _negated=True), fields=('reference',), name='one_claim_a_reference'),
        ),
        migrations.AddConstraint(
            model_name='supplierclaim',
            constraint=models.UniqueConstraint(condition=models.Q(('supplier_reference', ''), _negated=True), fields=('supplier', 'supplier_reference'), name='one_claim_a_supplier_reference'),
        ),
        migrations.AddConstraint(
            model_name='supplierclaim',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'pending_approval', 'sent', 'pending_credit', 'credited', 'refused', 'closed'])), name='claim_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='supplierclaim',
            constraint=models.CheckConstraint(condition=models.Q(('credited__gte', 0), ('deduction__gte', 0), ('value__gte', 0), ('written_off__gte', 0), ('claimed', django.db.models.expressions.CombinedExpression(models.F('value'), '-', models.F('deduction'))), ('claimed__gte', 0)), name='claim_amounts'),
        ),
        migrations.AddConstraint(
            model_name='supplierclaim',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', ''), models.Q(('approved_by', models.F('requested_by')), _negated=True), _connector='OR'), name='claim_approver_is_another'),
        ),
        migrations.AddIndex(
            model_name='claimline',
            index=models.Index(condition=models.Q(('live', True)), fields=['sku', 'location', 'disposition'], name='claim_line_place'),
        ),
        migrations.AddConstraint(
            model_name='claimline',
            constraint=models.UniqueConstraint(fields=('claim', 'line_no'), name='one_claim_line_a_number'),
        ),
        migrations.AddConstraint(
            model_name='claimline',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0), ('unit_cost__gte', 0)), name='claim_line_amounts'),
        ),
        migrations.AddConstraint(
            model_name='claimline',
            constraint=models.CheckConstraint(condition=models.Q(('sent__lte', models.F('quantity')), ('came_back__lte', models.F('sent'))), name='claim_line_goods'),
        ),
        migrations.AddConstraint(
            model_name='claimcredit',
            constraint=models.UniqueConstraint(fields=('supplier', 'reference'), name='one_credit_a_supplier_reference'),
        ),
        migrations.AddConstraint(
            model_name='claimcredit',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='claim_credit_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='suppliersku',
            constraint=models.CheckConstraint(condition=models.Q(('unit_cost__gte', 0)), name='supplier_cost_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='warrantyassessment',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='assessment_has_quantity'),
        ),
        migrations.AddConstraint(
            model_name='warrantyassessment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'accepted', 'rejected'])), name='assessment_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='warrantyassessment',
            constraint=models.CheckConstraint(condition=models.Q(('progress__in', ['none', 'in_repair', 'repaired', 'to_send_back', 'sent_back', 'replacement_due', 'replaced', 'refunded'])), name='remedy_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='warrantyassessment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'accepted'), ('remedy__in', ['repair', 'replace', 'refund'])), models.Q(models.Q(('status', 'accepted'), _negated=True), ('remedy', '')), _connector='OR'), name='remedy_when_accepted'),
        ),
        migrations.AddConstraint(
            model_name='warrantyassessment',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'pending'), models.Q(('slice__isnull', False), models.Q(('assessed_by', ''), _negated=True)), _connector='OR'), name='assessment_has_its_verdict'),
        ),
        migrations.AddConstraint(
            model_name='warrantyassessment',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'pending')), fields=('line',), name='one_pending_assessment_a_line'),
        ),
    ]
