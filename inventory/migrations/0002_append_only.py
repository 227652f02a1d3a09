from django.db import migrations

INSTALL = """
CREATE FUNCTION inventory_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER stock_move_append_only BEFORE UPDATE OR DELETE ON inventory_stockmove
    FOR EACH ROW EXECUTE FUNCTION inventory_append_only();
"""
REMOVE = """
DROP TRIGGER stock_move_append_only ON inventory_stockmove;
DROP FUNCTION inventory_append_only();
"""


class Migration(migrations.Migration):
    """Stock moves can only be added to; a mistake is mended by a compensating move."""

    dependencies = [("inventory", "0001_initial")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]
