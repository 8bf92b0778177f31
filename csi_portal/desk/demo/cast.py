"""The made-up stores and people of the demo: plain values."""

from dataclasses import dataclass

from csi_portal.organization.enums import DepartmentCode as D
from csi_portal.organization.enums import Role as R

TIMEZONE = "Asia/Shanghai"

DEPARTMENTS = {
    D.SALES: "销售部",
    D.AFTER_SALES: "售后服务部",
    D.ACCESSORIES: "精品部",
    D.MARKETING: "市场部",
    D.CUSTOMER_CARE: "客服部",
    D.ADMINISTRATION: "综合管理部",
    D.FINANCE: "财务部",
}


@dataclass(frozen=True)
class Site:
    """A store of the demo. Its people's logins end in `suffix`; phones begin with 1990000 and lie in `phones`."""

    code: str
    name: str
    suffix: str
    phones: range


SITES = (
    Site("DEMO", "例行汽车城东店（演示）", "", range(6000)),
    Site("DEMO2", "例行汽车城西店（演示）", "2", range(6000, 8000)),
    Site("DEMO3", "例行汽车江北店（演示）", "3", range(8000, 10000)),
)


@dataclass(frozen=True)
class Part:
    """A person of the play: `login` is empty without one; `per_store` False is the group's one person."""

    key: str
    name: str
    department: str
    position: str
    role: str = R.EMPLOYEE
    login: str = ""
    wage: str = ""
    manages: str = ""
    per_store: bool = True
    probation: bool = False


# Names are given per store: the same play with other first names.
PARTS = (
    Part("admin", "系统管理员", "", "", R.ADMINISTRATOR, "admin", per_store=False),
    Part("region", "例区域", "", "", R.REGIONAL_VIEWER, "region", per_store=False),
    Part("owner", "例投资", "", "", R.GROUP_APPROVER, "owner", per_store=False),
    Part("gm", "例国平", D.ADMINISTRATION, "总经理", R.GENERAL_MANAGER, "gm", "22000.00"),
    Part("carem", "例静怡", D.CUSTOMER_CARE, "客服经理", R.CARE_MANAGER, "carem", "9800.00"),
    Part("care", "例小娟", D.CUSTOMER_CARE, "客服专员", R.CARE_AGENT, "care", "6200.00"),
    Part("care_b", "测试小琳", D.CUSTOMER_CARE, "客服专员", R.CARE_AGENT, "care-b", "6000.00"),
    Part("service", "例建军", D.AFTER_SALES, "售后经理", R.DEPARTMENT_MANAGER, "service", "12500.00"),
    Part("sales", "例志远", D.SALES, "销售经理", R.DEPARTMENT_MANAGER, "sales", "12800.00"),
    Part("parts", "例美玉", D.ACCESSORIES, "精品经理", R.DEPARTMENT_MANAGER, "parts", "9000.00"),
    Part("finance", "例素珍", D.FINANCE, "财务主管", R.FINANCE, "finance", "9500.00"),
    Part("staff", "例晓东", D.AFTER_SALES, "服务顾问", R.EMPLOYEE, "staff", "7200.00"),
    Part("adviser_b", "例晓雯", D.AFTER_SALES, "服务顾问", R.EMPLOYEE, "staff-b", "7000.00"),
    Part("mechanic", "测试大强", D.AFTER_SALES, "机电技师", R.EMPLOYEE, "", "7600.00"),
    Part("painter", "测试小斌", D.AFTER_SALES, "钣喷技师", R.EMPLOYEE, "", "7400.00"),
    Part("seller", "例佳宁", D.SALES, "销售顾问", R.EMPLOYEE, "seller", "5600.00"),
    Part("seller_b", "例浩然", D.SALES, "销售顾问", R.EMPLOYEE, "", "5200.00", probation=True),
    Part("fitter", "测试阿勇", D.ACCESSORIES, "安装技师", R.EMPLOYEE, "", "6400.00"),
)

# Names of the second and third store, in the order of PARTS from the general manager on.
NAMES = {
    "2": "例振华 例雅芳 例晓梅 测试小慧 例海峰 例俊杰 例春燕 例月华 "
    "例文博 例思雨 测试大伟 测试小超 例子涵 例嘉豪 测试阿辉",
    "3": "例永康 例秀兰 例晓云 测试小丹 例长江 例明辉 例红霞 例玉珍 "
    "例立群 例若曦 测试大勇 测试小军 例梦琪 例天宇 测试阿强",
}


def usernames() -> list[str]:
    """Every login the demo may make."""
    found = {part.login for part in PARTS if part.login}
    return sorted(found | {part.login + site.suffix for part in PARTS if part.login for site in SITES})


def names_in(site: Site) -> dict[str, str]:
    """Part -> the name of the person who plays it in the store."""
    found = {part.key: part.name for part in PARTS}
    own = [part.key for part in PARTS if part.per_store]
    return found | dict(zip(own, NAMES[site.suffix].split(), strict=True)) if site.suffix in NAMES else found


# (name of the team, department, leader, members)
TEAMS = (
    ("前台接待组", D.AFTER_SALES, "staff", ("staff", "adviser_b")),
    ("机电钣喷组", D.AFTER_SALES, "mechanic", ("mechanic", "painter")),
    ("展厅销售组", D.SALES, "seller", ("seller", "seller_b")),
)

# Who stands in for whom on a day off: pairs who may do the same.
STAND_INS = {"care": "care_b", "care_b": "care", "staff": "adviser_b", "adviser_b": "staff"}

SERVICE_ADVISERS = ("staff", "adviser_b")
TECHNICIANS = ("mechanic", "painter")
SELLERS = ("seller", "seller_b")

# How happy customers leave each of them: the share of full marks, of 100 answers.
CHARM = {
    "staff": 90, "adviser_b": 80, "mechanic": 87, "painter": 78, "seller": 91, "seller_b": 80,
}  # fmt: skip

FAMILY_NAMES = ("例", "测试")
GIVEN_NAMES = (
    "子轩", "浩宇", "欣怡", "梓涵", "一诺", "宇轩", "诗涵", "雨桐", "俊熙", "思远", "佳怡", "博文",
    "晨曦", "明哲", "若溪", "嘉懿", "昊天", "语嫣", "志强", "丽华", "秀英", "建国", "桂芳", "国强",
    "玉兰", "海燕", "春生", "文静", "伟民", "红梅", "永强", "雪梅", "家豪", "慧敏", "少华", "晓峰",
    "美玲", "振东", "淑贤", "立新", "冬梅", "大鹏", "小敏", "庆丰", "彩云", "长林", "月娥", "亚男",
    "金山", "雅琴",
)  # fmt: skip
COMPANIES = ("例行物流有限公司", "测试商贸有限公司", "示例建材有限公司", "例顺汽车租赁公司")
AREAS = ("城东区", "城西区", "江北区", "滨湖区", "开发区", "邻县")
BRAND = "例牌"
MODELS = ("例星A5 1.5T", "例星A5 混动", "例途X7 2.0T", "例途X7 四驱", "例悦E3 纯电", "例航M6 七座")
PROVINCES = "京沪粤苏浙川"
