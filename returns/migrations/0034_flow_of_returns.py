from django.db import migrations, models


class Migration(migrations.Migration):
    """How many returns came and went a quarter of an hour."""

    dependencies = [("returns", "0033_units_that_bring_something_else")]
    operations = [
        migrations.CreateModel(
            name="ReturnFlow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("region", models.CharField(max_length=32)),
                ("brand", models.CharField(max_length=64)),
                ("came", models.IntegerField()),
                ("went", models.IntegerField()),
                ("folded", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["at"], include=("region", "brand", "came", "went"), name="return_flow_at"),
                    models.Index(condition=models.Q(("folded", False)), fields=["id"], name="return_flow_loose"),
                ],
            },
        ),
    ]
