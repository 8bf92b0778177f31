from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("complaints", "0003_tries_and_judging")]

    operations = [
        migrations.AddIndex(
            model_name="deadline",
            index=models.Index(
                condition=models.Q(("met_at", None), ("silenced_at", None), ("superseded_at", None)),
                fields=["store", "due_at", "id"],
                name="deadline_open_of_store",
            ),
        ),
    ]
