from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("surveys", "0002_calling")]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="source_digest",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
    ]
