"""The media library, and which package a course was imported from last."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "package_import",
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("files_digest", sa.String(length=64), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_package_import_course_id")),
        sa.ForeignKeyConstraint(["version_id"], ["course_version.id"], name=op.f("fk_package_import_version_id")),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_package_import")),
    )
    op.create_index(op.f("ix_package_import_files_digest"), "package_import", ["files_digest"])
    op.create_table(
        "library_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["media_asset.id"], name=op.f("fk_library_item_asset_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user_account.id"], name=op.f("fk_library_item_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name=op.f("fk_library_item_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_item")),
        sa.UniqueConstraint("owner_id", "asset_id", name=op.f("uq_library_item_owner_id_asset_id")),
    )
    op.create_index(op.f("ix_library_item_added_at"), "library_item", ["added_at"])
    op.create_index(op.f("ix_library_item_asset_id"), "library_item", ["asset_id"])
    op.create_index(op.f("ix_library_item_unit_id"), "library_item", ["unit_id"])
    op.create_table(
        "library_replacement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("old_asset_id", sa.Integer(), nullable=True),
        sa.Column("new_asset_id", sa.Integer(), nullable=True),
        sa.Column("old_name", sa.String(length=255), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["library_item.id"], name=op.f("fk_library_replacement_item_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["new_asset_id"], ["media_asset.id"], name=op.f("fk_library_replacement_new_asset_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["old_asset_id"], ["media_asset.id"], name=op.f("fk_library_replacement_old_asset_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["replaced_by_id"], ["user_account.id"], name=op.f("fk_library_replacement_replaced_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_replacement")),
    )
    op.create_index(op.f("ix_library_replacement_item_id"), "library_replacement", ["item_id"])
    op.create_index(op.f("ix_library_replacement_new_asset_id"), "library_replacement", ["new_asset_id"])
    op.create_index(op.f("ix_library_replacement_old_asset_id"), "library_replacement", ["old_asset_id"])
    op.create_table(
        "course_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("wish", JSON_VALUE, nullable=False),
        sa.Column("results", JSON_VALUE, nullable=False),
        sa.Column("faults", JSON_VALUE, nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user_account.id"], name=op.f("fk_course_change_asked_by_id")),
        sa.ForeignKeyConstraint(["item_id"], ["library_item.id"], name=op.f("fk_course_change_item_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_change")),
    )
    op.create_index(op.f("ix_course_change_asked_by_id"), "course_change", ["asked_by_id"])
    op.create_index(op.f("ix_course_change_item_id"), "course_change", ["item_id"])
    op.create_table(
        "asset_weight",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("made_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["media_asset.id"], name=op.f("fk_asset_weight_asset_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_asset_weight")),
    )
    # What courses show already is in the library from the first day.
    op.execute(
        "INSERT INTO library_item (asset_id, title, note, added_at) "
        "SELECT id, original_name, '', created_at FROM media_asset WHERE id IN (SELECT asset_id FROM lesson_asset)"
    )


def downgrade() -> None:
    for table in ("asset_weight", "course_change", "library_replacement", "library_item", "package_import"):
        op.drop_table(table)
